/** How reading a value of the RDB format ends. */
export const RDB_READ = {
  OK: 0,
  BROKEN: 1, // there is no value of this type here
  REFUSED: 2, // the sink did not want it
} as const;
export type RdbRead = (typeof RDB_READ)[keyof typeof RDB_READ];
