/** Every transcript of the binary protocol that needs no time to pass. */
import { admin } from './admin.ts';
import { arithmetic } from './arithmetic.ts';
import { malformed } from './malformed.ts';
import { retrieval } from './retrieval.ts';
import { storage } from './storage.ts';

export const BINARY = { storage, retrieval, arithmetic, admin, malformed } as const;
