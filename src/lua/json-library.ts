/**
 * The library cjson: JSON for scripts, and its settings.
 *
 * Source: Redis deps/lua/src/lua_cjson.c, as of 7.0; https://kyne.au/~mark/software/lua-cjson-manual.html.
 */
import { ByteWriter } from './byte-writer.ts';
import { jsonDecode } from './json-decoder.ts';
import { jsonEncode } from './json-encoder.ts';
import { JSON_SETTING, jsonSetting, jsonSettingSet, jsonSettingsCreate } from './json-settings.ts';
import { LUA_TYPE } from './lua-api.ts';
import {
  type LuaFunction,
  type LuaMachine,
  luaArgumentRefuse,
  luaFieldSet,
  luaPushBytes,
  luaPushText,
  luaText,
} from './lua-machine.ts';

const INTEGER_MAX = 2 ** 31 - 1;
const PRECISION_MAX = 14;
const SWITCH: readonly string[] = ['off', 'on'];
const INVALID_NUMBERS_WORDS: readonly string[] = ['off', 'on', 'null'];

/** Pushes the library, a table. */
export function jsonLibraryPush(machine: LuaMachine, L: number): void {
  const functions = functionNumbers(machine);
  libraryPush(machine, L, functions);
}

/** The functions, which every library of this machine shares. */
function functionNumbers(machine: LuaMachine): Map<string, number> {
  const output = new ByteWriter(machine.memoryBytesMax);
  const runs: Record<string, LuaFunction> = {
    encode: (L) => {
      argumentOneOnly(machine, L);
      jsonEncode(machine, L, output);
      luaPushBytes(machine, L, output.bytes, 0, output.used);
      return 1;
    },
    decode: (L) => {
      argumentOneOnly(machine, L);
      jsonDecode(machine, L);
      return 1;
    },
    encode_sparse_array: (L) => {
      argumentsPad(machine, L, 3);
      wordOption(machine, L, 1, JSON_SETTING.SPARSE_CONVERT, SWITCH);
      integerOption(machine, L, 2, JSON_SETTING.SPARSE_RATIO, 0, INTEGER_MAX);
      integerOption(machine, L, 3, JSON_SETTING.SPARSE_SAFE, 0, INTEGER_MAX);
      return 3;
    },
    encode_max_depth: integerSetting(machine, JSON_SETTING.ENCODE_DEPTH_MAX, INTEGER_MAX),
    decode_max_depth: integerSetting(machine, JSON_SETTING.DECODE_DEPTH_MAX, INTEGER_MAX),
    encode_number_precision: integerSetting(machine, JSON_SETTING.NUMBER_PRECISION, PRECISION_MAX),
    encode_keep_buffer: wordSetting(machine, JSON_SETTING.KEEP_BUFFER, SWITCH),
    encode_invalid_numbers: wordSetting(
      machine,
      JSON_SETTING.ENCODE_INVALID_NUMBERS,
      INVALID_NUMBERS_WORDS,
    ),
    decode_invalid_numbers: wordSetting(machine, JSON_SETTING.DECODE_INVALID_NUMBERS, SWITCH),
    new: (L) => {
      libraryPush(machine, L, functions);
      return 1;
    },
  };
  const functions = new Map(
    Object.entries(runs).map(([name, run]) => [name, machine.functionAdd(run)]),
  );
  return functions;
}

/** Pushes a table of the functions with settings of its own. */
function libraryPush(machine: LuaMachine, L: number, functions: ReadonlyMap<string, number>): void {
  const { api } = machine;
  api.lua_createtable(L, 0, functions.size + 3);
  jsonSettingsCreate(machine, L);
  for (const [name, number] of functions) {
    api.lua_pushvalue(L, -1);
    api.lua_pushcclosure(L, number, 1);
    luaFieldSet(machine, L, -3, name);
  }
  api.lua_settop(L, -2);
  api.lua_pushlightuserdata(L, 0);
  luaFieldSet(machine, L, -2, 'null');
  luaPushText(machine, L, 'cjson');
  luaFieldSet(machine, L, -2, '_NAME');
  luaPushText(machine, L, '2.1.0');
  luaFieldSet(machine, L, -2, '_VERSION');
}

function argumentOneOnly(machine: LuaMachine, L: number): void {
  if (machine.api.lua_gettop(L) !== 1) luaArgumentRefuse(machine, L, 1, 'expected 1 argument');
}

/** Fills up with nil what is missing of `count` arguments. */
function argumentsPad(machine: LuaMachine, L: number, count: number): void {
  if (machine.api.lua_gettop(L) > count) {
    luaArgumentRefuse(machine, L, count + 1, 'found too many arguments');
  }
  machine.api.lua_settop(L, count);
}

function integerSetting(machine: LuaMachine, setting: number, max: number): LuaFunction {
  return (L) => {
    argumentsPad(machine, L, 1);
    integerOption(machine, L, 1, setting, 1, max);
    return 1;
  };
}

function wordSetting(machine: LuaMachine, setting: number, words: readonly string[]): LuaFunction {
  return (L) => {
    argumentsPad(machine, L, 1);
    wordOption(machine, L, 1, setting, words);
    return 1;
  };
}

/** Changes a setting if the argument is there, and pushes what it is now. */
function integerOption(
  machine: LuaMachine,
  L: number,
  index: number,
  setting: number,
  min: number,
  max: number,
): void {
  const { api } = machine;
  if (api.lua_type(L, index) !== LUA_TYPE.NIL) {
    const value = Math.trunc(api.luaL_checknumber(L, index));
    if (!(value >= min && value <= max)) {
      luaArgumentRefuse(machine, L, 1, `expected integer between ${min} and ${max}`);
    }
    jsonSettingSet(machine, L, setting, value);
  }
  api.lua_pushnumber(L, jsonSetting(machine, L, setting));
}

/** As integerOption, of one of a few words, of which the first two are also false and true. */
function wordOption(
  machine: LuaMachine,
  L: number,
  index: number,
  setting: number,
  words: readonly string[],
): void {
  const { api } = machine;
  switch (api.lua_type(L, index)) {
    case LUA_TYPE.NIL:
      break;
    case LUA_TYPE.BOOLEAN:
      jsonSettingSet(machine, L, setting, api.lua_toboolean(L, index));
      break;
    default:
      jsonSettingSet(machine, L, setting, wordIndex(machine, L, index, words));
  }
  const value = jsonSetting(machine, L, setting);
  if (value < SWITCH.length) api.lua_pushboolean(L, value);
  else luaPushText(machine, L, words[value]);
}

function wordIndex(
  machine: LuaMachine,
  L: number,
  index: number,
  words: readonly string[],
): number {
  machine.stringArgument(L, index);
  const word = luaText(machine, L, index);
  const found = words.indexOf(word);
  if (found < 0) luaArgumentRefuse(machine, L, index, `invalid option '${word}'`);
  return found;
}
