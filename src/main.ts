#!/usr/bin/env node
/**
 * The way in. Two things have to be said before anything else is loaded:
 *
 *   - what Node compiles, and strips of its types, is kept for the next start and for the other
 *     threads of this one, which saves half the time until they listen, and a third of their memory;
 *   - a data thread makes next to no garbage, so a small nursery serves it.
 */
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--max-semi-space-size=1');

const { directory } = enableCompileCache();
// Threads learn of it from the environment.
if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] ??= directory;
await import('./program.ts');
