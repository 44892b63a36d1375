/** Outcomes of engine operations. Each protocol turns them into its own replies, in one place. */
export const STATUS = {
  OK: 0,
  MISSING: 1, // no such key
  EXISTS: 2, // the key's CAS unique is another than the one given
  NOT_STORED: 3, // the condition of the store does not hold
  NOT_NUMERIC: 4,
  WRONG_TYPE: 5, // the key holds a list, hash, …
  TOO_LARGE: 6, // beyond the item size limit
  NO_MEMORY: 7, // full, and nothing may be or can be evicted
  OUT_OF_RANGE: 8, // the result would not be an int64, or not be finite
} as const;

export type Status = (typeof STATUS)[keyof typeof STATUS];

/** In a ref's place: the key is there, and holds another type. */
export const OTHER_TYPE = -1;
