/**
 * The libraries that scripts have beside Lua's own.
 */
import { bitLibraryPush } from './bit-library.ts';
import { jsonLibraryPush } from './json-library.ts';
import type { LuaMachine } from './lua-machine.ts';
import { messageLibraryPush } from './message-library.ts';
import { structLibraryPush } from './struct-library.ts';

/** Each global's name, and what pushes its table. */
export const SCRIPT_LIBRARIES: ReadonlyMap<string, (machine: LuaMachine, L: number) => void> =
  new Map([
    ['cjson', jsonLibraryPush],
    ['cmsgpack', messageLibraryPush],
    ['struct', structLibraryPush],
    ['bit', bitLibraryPush],
  ]);
