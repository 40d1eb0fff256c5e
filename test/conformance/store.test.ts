import { openStore, openStoreForReading } from '#store/index.ts'
import { storeConformance } from './store.ts'

storeConformance({ name: 'sqlite', open: openStore, openForReading: openStoreForReading })
