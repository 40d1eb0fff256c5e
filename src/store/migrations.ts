/**
 * The schema, as the steps that lead to it. Append only: a step that has been released is never changed,
 * and `user_version` counts the steps a file has taken.
 */
export const migrations: readonly string[] = [
  `CREATE TABLE runs (
     number INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     started_at TEXT NOT NULL,
     finished_at TEXT,
     plan TEXT NOT NULL,
     host TEXT NOT NULL,
     owner TEXT
   ) STRICT;
   CREATE TABLE attempts (
     run TEXT NOT NULL REFERENCES runs (id),
     id TEXT NOT NULL,
     kernel TEXT NOT NULL,
     case_id TEXT NOT NULL,
     profile TEXT NOT NULL,
     ordinal INTEGER NOT NULL,
     started_at TEXT NOT NULL,
     evidence TEXT NOT NULL,
     PRIMARY KEY (run, id)
   ) STRICT;
   CREATE TABLE kernels (
     id TEXT NOT NULL,
     sha256 TEXT NOT NULL,
     kernel TEXT NOT NULL,
     release TEXT,
     PRIMARY KEY (id, sha256)
   ) STRICT`,
  `CREATE TABLE rates (
     key TEXT PRIMARY KEY,
     rate TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE changelogs (
     sha256 TEXT PRIMARY KEY,
     zstd BLOB NOT NULL
   ) STRICT;
   CREATE TABLE papers (
     run TEXT NOT NULL REFERENCES runs (id),
     kernel TEXT NOT NULL,
     papers TEXT NOT NULL,
     PRIMARY KEY (run, kernel)
   ) STRICT`,
  // A case and its jobs name external modules so now. Inside a text of JSON a quote is escaped, so only keys match.
  `UPDATE runs SET plan = replace(plan, '"ownModules":', '"externalModules":');
   UPDATE attempts SET evidence = replace(evidence, '"ownModules":', '"externalModules":')`,
  // Cases, controls, rates, attempts and claim sources name these so now.
  `UPDATE runs SET plan = replace(replace(replace(replace(replace(replace(replace(replace(replace(plan,
     '"witness":"race"', '"oracle":"statistical"'),
     '"witness":', '"oracle":'),
     '"line":"', '"series":"'),
     '"because":', '"summary":'),
     '"trigger":', '"codePath":'),
     '"leansOn":', '"controlSummary":'),
     '"gone":', '"notOnMirror":'),
     '"word":', '"result":'),
     '"state":"there"', '"state":"already-present"');
   UPDATE attempts SET evidence = replace(replace(evidence, '"road":', '"bootMethod":'), '"preferred":', '"raisedPriority":');
   UPDATE rates SET rate = replace(replace(rate, '"trigger":', '"codePath":'), '"leansOn":', '"controlSummary":');
   UPDATE papers SET papers = replace(replace(papers, '"missing":', '"unavailable":'), '"history":', '"gitTree":')`,
  // Plans name the option so now, and claim sources have a table of that name.
  `UPDATE runs SET plan = replace(plan, '"freshBoot":', '"noSnapshot":');
   ALTER TABLE papers RENAME COLUMN papers TO sources;
   ALTER TABLE papers RENAME TO claim_sources`,
  // Attempts have an identity, and numbers by which other runs reuse them. Runs say whose they are.
  `CREATE TABLE numbered (
     number INTEGER PRIMARY KEY,
     run TEXT NOT NULL REFERENCES runs (id),
     id TEXT NOT NULL,
     kernel TEXT NOT NULL,
     case_id TEXT NOT NULL,
     profile TEXT NOT NULL,
     ordinal INTEGER NOT NULL,
     started_at TEXT NOT NULL,
     evidence TEXT NOT NULL,
     identity TEXT,
     UNIQUE (run, id)
   ) STRICT;
   INSERT INTO numbered SELECT rowid, run, id, kernel, case_id, profile, ordinal, started_at, evidence, NULL FROM attempts;
   DROP TABLE attempts;
   ALTER TABLE numbered RENAME TO attempts;
   CREATE INDEX attempts_by_identity ON attempts (identity) WHERE identity IS NOT NULL;
   CREATE TABLE reused (
     run INTEGER NOT NULL REFERENCES runs (number),
     attempt INTEGER NOT NULL REFERENCES attempts (number),
     PRIMARY KEY (run, attempt)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX reused_by_attempt ON reused (attempt);
   ALTER TABLE runs ADD COLUMN origin TEXT;
   ALTER TABLE runs ADD COLUMN counts TEXT;
   ALTER TABLE runs ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0`,
]
