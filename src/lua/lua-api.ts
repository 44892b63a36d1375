/**
 * Lua's C API, as the WebAssembly of the library exports it: pointers and sizes are numbers, `L` is a state's
 * address, texts are addresses of bytes. Indices and effects on the stack are those of the manual.
 *
 * Spec: Lua 5.1 Reference Manual, sections 3 to 5.
 */
import type { WasmMemory, WasmTable } from './wasm.ts';

/** Pseudo-indices, and what counts as "all results". */
export const LUA = {
  REGISTRY: -10000,
  ENVIRONMENT: -10001,
  GLOBALS: -10002,
  ALL_RESULTS: -1,
  STACK_MIN: 20,
} as const;

export const LUA_TYPE = {
  NONE: -1,
  NIL: 0,
  BOOLEAN: 1,
  LIGHT_USERDATA: 2,
  NUMBER: 3,
  STRING: 4,
  TABLE: 5,
  FUNCTION: 6,
  USERDATA: 7,
  THREAD: 8,
} as const;

/** What error messages call the types, from NIL on. */
export const LUA_TYPE_NAMES: readonly string[] = [
  'nil',
  'boolean',
  'userdata',
  'number',
  'string',
  'table',
  'function',
  'userdata',
  'thread',
];

/** What lua_pcall and luaL_loadbuffer return. */
export const LUA_STATUS = {
  OK: 0,
  YIELD: 1,
  RUNTIME: 2,
  SYNTAX: 3,
  MEMORY: 4,
  HANDLER: 5,
} as const;

/** What lua_gc is asked for. */
export const LUA_GC = {
  STOP: 0,
  RESTART: 1,
  COLLECT: 2,
  COUNT: 3,
  COUNT_REST: 4,
  STEP: 5,
  SET_PAUSE: 6,
} as const;

/** Events of lua_sethook, as bits of its mask. */
export const LUA_HOOK = { CALL: 1, RETURN: 2, LINE: 4, COUNT: 8 } as const;

/** Pseudo-index of an upvalue of the running function, from 1. */
export function luaUpvalue(index: number): number {
  return LUA.GLOBALS - index;
}

export interface LuaApi {
  readonly memory: WasmMemory;
  readonly __indirect_function_table: WasmTable;
  // ── The machine ──
  __wasm_call_ctors(): void;
  malloc(bytes: number): number;
  free(address: number): void;
  stackSave(): number;
  stackRestore(address: number): void;
  stackAlloc(bytes: number): number;
  setThrew(threw: number, value: number): void;
  // ── States ──
  luaL_newstate(): number;
  lua_atpanic(L: number, fn: number): number;
  lua_newthread(L: number): number;
  lua_gc(L: number, what: number, data: number): number;
  lua_sethook(L: number, hook: number, mask: number, count: number): number;
  lua_getstack(L: number, level: number, record: number): number;
  lua_getinfo(L: number, what: number, record: number): number;
  // ── The stack ──
  lua_gettop(L: number): number;
  lua_settop(L: number, index: number): void;
  lua_checkstack(L: number, extra: number): number;
  lua_pushvalue(L: number, index: number): void;
  lua_remove(L: number, index: number): void;
  lua_insert(L: number, index: number): void;
  lua_replace(L: number, index: number): void;
  lua_xmove(from: number, to: number, count: number): void;
  // ── From Lua ──
  lua_type(L: number, index: number): number;
  lua_isnumber(L: number, index: number): number;
  lua_isstring(L: number, index: number): number;
  lua_iscfunction(L: number, index: number): number;
  lua_rawequal(L: number, a: number, b: number): number;
  lua_toboolean(L: number, index: number): number;
  lua_tonumber(L: number, index: number): number;
  lua_tolstring(L: number, index: number, length: number): number;
  lua_objlen(L: number, index: number): number;
  lua_topointer(L: number, index: number): number;
  lua_touserdata(L: number, index: number): number;
  // ── To Lua ──
  lua_pushnil(L: number): void;
  lua_pushboolean(L: number, value: number): void;
  lua_pushnumber(L: number, value: number): void;
  lua_pushinteger(L: number, value: number): void;
  lua_pushlstring(L: number, address: number, bytes: number): void;
  lua_pushcclosure(L: number, fn: number, upvalues: number): void;
  lua_pushlightuserdata(L: number, address: number): void;
  lua_pushthread(L: number): number;
  lua_newuserdata(L: number, bytes: number): number;
  lua_concat(L: number, count: number): void;
  // ── Tables ──
  lua_createtable(L: number, arrayCount: number, recordCount: number): void;
  lua_gettable(L: number, index: number): void;
  lua_settable(L: number, index: number): void;
  lua_rawget(L: number, index: number): void;
  lua_rawset(L: number, index: number): void;
  lua_rawgeti(L: number, index: number, at: number): void;
  lua_rawseti(L: number, index: number, at: number): void;
  lua_getfield(L: number, index: number, name: number): void;
  lua_setfield(L: number, index: number, name: number): void;
  lua_next(L: number, index: number): number;
  lua_getmetatable(L: number, index: number): number;
  lua_setmetatable(L: number, index: number): number;
  lua_getfenv(L: number, index: number): void;
  lua_setfenv(L: number, index: number): number;
  luaL_getmetafield(L: number, index: number, name: number): number;
  luaL_ref(L: number, index: number): number;
  luaL_unref(L: number, index: number, ref: number): void;
  // ── Calls ──
  lua_call(L: number, args: number, results: number): void;
  lua_pcall(L: number, args: number, results: number, handler: number): number;
  luaL_loadbuffer(L: number, address: number, bytes: number, name: number): number;
  // ── Errors: these do not return ──
  lua_error(L: number): never;
  luaL_argerror(L: number, index: number, text: number): never;
  // ── What a C function asks of its arguments; they raise errors as well ──
  luaL_where(L: number, level: number): void;
  luaL_checkany(L: number, index: number): void;
  luaL_checktype(L: number, index: number, type: number): void;
  luaL_checknumber(L: number, index: number): number;
  luaL_checkinteger(L: number, index: number): number;
  luaL_optinteger(L: number, index: number, missing: number): number;
  luaL_checklstring(L: number, index: number, length: number): number;
  luaL_optlstring(L: number, index: number, missing: number, length: number): number;
  luaL_checkstack(L: number, extra: number, text: number): void;
  // ── Libraries, as C functions ──
  luaopen_base(L: number): number;
  luaopen_table(L: number): number;
  luaopen_string(L: number): number;
  luaopen_math(L: number): number;
  luaopen_os(L: number): number;
}
