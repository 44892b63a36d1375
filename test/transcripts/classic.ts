/** Every transcript of memcached's text protocol, classic and meta, that needs no time to pass. */
import { admin } from './admin.ts';
import { arithmetic } from './arithmetic.ts';
import { configs } from './config.ts';
import { errors } from './errors.ts';
import { expiry } from './expiry.ts';
import { limits } from './limits.ts';
import { meta } from './meta.ts';
import { metaChange } from './meta-change.ts';
import { operator } from './operator.ts';
import { retrieval } from './retrieval.ts';
import { storage } from './storage.ts';

export const CLASSIC = {
  ...{ storage, retrieval, arithmetic, expiry, admin, operator, configs, errors, limits },
  ...{ meta, 'meta-change': metaChange },
} as const;
