import { openStore, openStoreForReading } from '../../src/store/index.ts'
import { storeConformance } from './store.ts'

storeConformance({ name: 'sqlite', open: openStore, openForReading: openStoreForReading })
