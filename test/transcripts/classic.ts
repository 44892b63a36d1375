/** Every transcript of memcached's text protocol, classic and meta, that needs no time to pass. */
import { admin } from './admin.ts';
import { arithmetic } from './arithmetic.ts';
import { configs } from './config.ts';
import { errors } from './errors.ts';
import { expiry } from './expiry.ts';
import { limits } from './limits.ts';
import { meta } from './meta.ts';
import { metaChange } from './meta-change.ts';
import { retrieval } from './retrieval.ts';
import { storage } from './storage.ts';

export const CLASSIC = {
  storage,
  retrieval,
  arithmetic,
  expiry,
  admin,
  configs,
  errors,
  limits,
  meta,
  metaChange,
} as const;
