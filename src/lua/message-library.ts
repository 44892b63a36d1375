/**
 * The library cmsgpack: MessagePack for scripts.
 *
 * Source: Redis deps/lua/src/lua_cmsgpack.c, whose offsets count from 0.
 */
import { ByteWriter, writerClear } from './byte-writer.ts';
import { LUA_TYPE } from './lua-api.ts';
import {
  type LuaMachine,
  luaArgumentRefuse,
  luaFieldSet,
  luaFunctionSet,
  luaPushBytes,
  luaPushText,
  luaRaise,
  luaRaiseHere,
} from './lua-machine.ts';
import { messagePack } from './message-packer.ts';
import { MessageUnpacker } from './message-unpacker.ts';

const ABOUT: readonly (readonly [name: string, text: string])[] = [
  ['_NAME', 'cmsgpack'],
  ['_VERSION', 'lua-cmsgpack 0.4.0'],
  ['_DESCRIPTION', 'MessagePack for Lua'],
];

/** Pushes the library, a table. */
export function messageLibraryPush(machine: LuaMachine, L: number): void {
  const output = new ByteWriter(machine.memoryBytesMax);
  machine.api.lua_createtable(L, 0, 8);
  luaFunctionSet(machine, L, -1, 'pack', (state) => pack(machine, state, output));
  luaFunctionSet(machine, L, -1, 'unpack', (state) => unpack(machine, state, 0, 0));
  luaFunctionSet(machine, L, -1, 'unpack_one', (state) => {
    return unpack(machine, state, 1, offsetArgument(machine, state, 2));
  });
  luaFunctionSet(machine, L, -1, 'unpack_limit', (state) => {
    return unpack(
      machine,
      state,
      countArgument(machine, state, 2),
      offsetArgument(machine, state, 3),
    );
  });
  for (const [name, text] of ABOUT) {
    luaPushText(machine, L, text);
    luaFieldSet(machine, L, -2, name);
  }
}

function offsetArgument(machine: LuaMachine, L: number, index: number): number {
  return machine.api.lua_type(L, index) <= LUA_TYPE.NIL ? 0 : countArgument(machine, L, index);
}

/** What is not a number is taken for one below zero, as C does. */
function countArgument(machine: LuaMachine, L: number, index: number): number {
  const value = Math.trunc(machine.api.luaL_checknumber(L, index));
  return Number.isNaN(value) ? -1 : value;
}

function pack(machine: LuaMachine, L: number, output: ByteWriter): number {
  const { api } = machine;
  const count = api.lua_gettop(L);
  if (count === 0) luaArgumentRefuse(machine, L, 0, 'MessagePack pack needs input.');
  if (!api.lua_checkstack(L, count)) {
    luaArgumentRefuse(machine, L, 0, 'Too many arguments for MessagePack pack.');
  }
  writerClear(output);
  for (let index = 1; index <= count; index++) {
    api.lua_pushvalue(L, index);
    messagePack(machine, L, output, 0);
  }
  if (output.isFull) luaRaise(machine, L, 'not enough memory');
  luaPushBytes(machine, L, output.bytes, 0, output.used);
  return 1;
}

/**
 * Returns up to `limit` values from `offset` on, behind the offset of what comes next, or -1 if that is the end;
 * without either, all values there are.
 */
function unpack(machine: LuaMachine, L: number, limit: number, offset: number): number {
  const { api } = machine;
  machine.stringArgument(L, 1);
  const { stringAt, stringBytes } = machine;
  if (offset < 0 || limit < 0) {
    const asked = `offset of ${offset} and limit of ${stringBytes}`;
    luaRaiseHere(machine, L, `Invalid request to unpack with ${asked}.`);
  }
  if (offset > stringBytes) {
    const said = `Start offset ${offset} greater than input length ${stringBytes}.`;
    luaRaiseHere(machine, L, said);
  }
  const bytes = Buffer.from(machine.bytes.subarray(stringAt, stringAt + stringBytes));
  const unpacker = new MessageUnpacker(machine, L, bytes, offset);
  const isWhole = limit === 0 && offset === 0;
  const first = api.lua_gettop(L) + 1;
  let count = 0;
  for (; !unpacker.isAtEnd && (isWhole || count < limit); count++) unpacker.push();
  if (isWhole) return count;
  api.lua_pushnumber(L, unpacker.isAtEnd ? -1 : unpacker.at);
  api.lua_insert(L, first);
  return count + 1;
}
