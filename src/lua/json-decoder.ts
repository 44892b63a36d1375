/**
 * cjson.decode: JSON as a value on the stack.
 *
 * What follows a zero byte is not looked at, for the text is one of C. null becomes the null pointer, since a
 * nil would vanish from its table.
 *
 * Source: Redis deps/lua/src/lua_cjson.c, as of 7.0.
 */
import { JSON_TOKEN, JsonLexer, type JsonToken } from './json-lexer.ts';
import { JSON_SETTING, jsonSetting } from './json-settings.ts';
import { type LuaMachine, luaPushBytes, luaRaiseHere } from './lua-machine.ts';

/** Tables in tables, whatever the settings say: so far a thread's own stack goes for certain. */
const NESTING_MAX = 1000;
/** Slots of Lua's stack that each takes. */
const OBJECT_SLOTS = 3;
const ARRAY_SLOTS = 2;

class Decoding {
  readonly machine: LuaMachine;
  readonly L: number;
  readonly lexer: JsonLexer;
  readonly depthMax: number;
  depth = 0;

  constructor(machine: LuaMachine, L: number, text: Buffer) {
    const isLenient = jsonSetting(machine, L, JSON_SETTING.DECODE_INVALID_NUMBERS) !== 0;
    this.machine = machine;
    this.L = L;
    this.lexer = new JsonLexer(text, isLenient);
    this.depthMax = Math.min(jsonSetting(machine, L, JSON_SETTING.DECODE_DEPTH_MAX), NESTING_MAX);
  }
}

/** Pushes the value of the JSON that is the running function's argument 1. */
export function jsonDecode(machine: LuaMachine, L: number): void {
  machine.stringArgument(L, 1);
  const { bytes, stringAt, stringBytes } = machine;
  if (stringBytes >= 2 && (bytes[stringAt] === 0 || bytes[stringAt + 1] === 0)) {
    luaRaiseHere(machine, L, 'JSON parser does not support UTF-16 or UTF-32');
  }
  // A copy: the machine's memory moves when it grows. Lua ends each string in a zero byte.
  const text = Buffer.from(bytes.subarray(stringAt, stringAt + stringBytes + 1));
  const decoding = new Decoding(machine, L, text);
  valuePush(decoding, decoding.lexer.next());
  const rest = decoding.lexer.next();
  if (rest !== JSON_TOKEN.END) refuse(decoding, 'the end', rest);
}

function valuePush(decoding: Decoding, token: JsonToken): void {
  const { machine, L, lexer } = decoding;
  switch (token) {
    case JSON_TOKEN.STRING:
      stringPush(decoding);
      return;
    case JSON_TOKEN.NUMBER:
      machine.api.lua_pushnumber(L, lexer.number.value);
      return;
    case JSON_TOKEN.BOOLEAN:
      machine.api.lua_pushboolean(L, lexer.boolean ? 1 : 0);
      return;
    case JSON_TOKEN.OBJECT_BEGIN:
      objectPush(decoding);
      return;
    case JSON_TOKEN.ARRAY_BEGIN:
      arrayPush(decoding);
      return;
    case JSON_TOKEN.NULL:
      machine.api.lua_pushlightuserdata(L, 0);
      return;
    default:
      refuse(decoding, 'value', token);
  }
}

function stringPush({ machine, L, lexer }: Decoding): void {
  const { string, stringStart, stringEnd } = lexer;
  luaPushBytes(machine, L, string, stringStart, stringEnd - stringStart);
}

function objectPush(decoding: Decoding): void {
  const { machine, L, lexer } = decoding;
  descend(decoding, OBJECT_SLOTS);
  machine.api.lua_createtable(L, 0, 0);
  let token = lexer.next();
  while (token !== JSON_TOKEN.OBJECT_END) {
    if (token !== JSON_TOKEN.STRING) refuse(decoding, 'object key string', token);
    stringPush(decoding);
    token = lexer.next();
    if (token !== JSON_TOKEN.COLON) refuse(decoding, 'colon', token);
    valuePush(decoding, lexer.next());
    machine.api.lua_rawset(L, -3);
    token = lexer.next();
    if (token === JSON_TOKEN.OBJECT_END) break;
    if (token !== JSON_TOKEN.COMMA) refuse(decoding, 'comma or object end', token);
    token = lexer.next();
    if (token === JSON_TOKEN.OBJECT_END) refuse(decoding, 'object key string', token);
  }
  decoding.depth--;
}

function arrayPush(decoding: Decoding): void {
  const { machine, L, lexer } = decoding;
  descend(decoding, ARRAY_SLOTS);
  machine.api.lua_createtable(L, 0, 0);
  let token = lexer.next();
  for (let index = 1; token !== JSON_TOKEN.ARRAY_END; index++) {
    valuePush(decoding, token);
    machine.api.lua_rawseti(L, -2, index);
    token = lexer.next();
    if (token === JSON_TOKEN.ARRAY_END) break;
    if (token !== JSON_TOKEN.COMMA) refuse(decoding, 'comma or array end', token);
    token = lexer.next();
    if (token === JSON_TOKEN.ARRAY_END) refuse(decoding, 'value', token);
  }
  decoding.depth--;
}

/** One table deeper. */
function descend(decoding: Decoding, slots: number): void {
  const { machine, L, lexer, depthMax } = decoding;
  const depth = ++decoding.depth;
  if (depth <= depthMax && machine.api.lua_checkstack(L, slots)) return;
  const said = `Found too many nested data structures (${depth}) at character ${lexer.at}`;
  luaRaiseHere(machine, L, said);
}

function refuse({ machine, L, lexer }: Decoding, expected: string, found: JsonToken): never {
  const said = `Expected ${expected} but found ${found} at character ${lexer.tokenAt + 1}`;
  return luaRaiseHere(machine, L, said);
}
