/**
 * Tables that scripts read but cannot change: the globals and the libraries, which all scripts of a machine share.
 *
 * Lua 5.1 has no such thing, so what a script gets is a stand-in: an empty table, whose metatable sends reads to
 * the original and refuses writes. As it stays empty, no write ever finds its field there and gets by.
 *
 *   script ──▶ stand-in {} ──__index──▶ original { concat = …, insert = … }   (only reachable from here)
 *                          ──__newindex──▶ "Attempt to modify a readonly table"
 *
 * What looks at tables without asking their metatables has to know stand-ins: `next`, `pairs` and `rawget` look at the
 * original instead; `rawset`, `setmetatable` and `table.insert` refuse. Nothing else of the libraries writes
 * to a table that is given to it, or only where it is not empty.
 *
 * Guard: as the machine's. Texts: those of Redis's own Lua, which knows read-only tables.
 */
import { LUA, LUA_TYPE } from './lua-api.ts';
import {
  type LuaFunction,
  type LuaMachine,
  luaArgumentRefuse,
  luaConstant,
  luaFieldSet,
  luaFunctionSet,
  luaRaise,
  luaRaiseHere,
} from './lua-machine.ts';

const READ_ONLY = 'Attempt to modify a readonly table';

export class ProtectedTables {
  private readonly machine: LuaMachine;
  /** Reference of the original, by the address of the stand-in. Neither is ever freed. */
  private readonly originals = new Map<number, number>();
  /** Reference of the stand-in, by the address of the original. */
  private readonly standIns = new Map<number, number>();
  /** The number of the function that refuses writes. */
  private readonly refusal: number;
  /** Reference of what getmetatable gives for a stand-in: an empty one. */
  private readonly decoy: number;

  constructor(machine: LuaMachine) {
    const { api, L } = machine;
    this.machine = machine;
    this.refusal = machine.functionAdd((state) => luaRaiseHere(machine, state, READ_ONLY));
    api.lua_createtable(L, 0, 0);
    this.decoy = api.luaL_ref(L, LUA.REGISTRY);
    api.lua_rawgeti(L, LUA.REGISTRY, this.decoy);
    api.lua_createtable(L, 0, 0);
    this.standInSet(L);
    api.lua_settop(L, -2);
  }

  /** Whether the table at `index` is a stand-in. */
  has(L: number, index: number): boolean {
    return this.originals.has(this.machine.api.lua_topointer(L, index));
  }

  /** Puts the original in the place of the stand-in at `index`, which is above 0. */
  reveal(L: number, index: number): void {
    const { api } = this.machine;
    const original = this.originals.get(api.lua_topointer(L, index));
    if (original === undefined) return;
    api.lua_rawgeti(L, LUA.REGISTRY, original);
    api.lua_replace(L, index);
  }

  /** Takes the table on top away, and pushes its stand-in; tables in it get theirs as well. */
  protect(L: number): void {
    const { api } = this.machine;
    const known = this.standIns.get(api.lua_topointer(L, -1));
    if (known !== undefined) {
      api.lua_settop(L, -2);
      api.lua_rawgeti(L, LUA.REGISTRY, known);
      return;
    }
    const original = api.lua_topointer(L, -1);
    this.protectWithin(L);
    api.lua_createtable(L, 0, 0);
    api.lua_insert(L, -2);
    this.standInSet(L);
    api.lua_pushvalue(L, -1);
    this.standIns.set(original, api.luaL_ref(L, LUA.REGISTRY));
  }

  /** Takes an original from the top, and has the empty table below it stand in for it. */
  standInSet(L: number): void {
    const { machine } = this;
    const { api } = machine;
    api.lua_createtable(L, 0, 3);
    api.lua_pushvalue(L, -2);
    luaFieldSet(machine, L, -2, '__index');
    api.lua_pushcclosure(L, this.refusal, 0);
    luaFieldSet(machine, L, -2, '__newindex');
    api.lua_rawgeti(L, LUA.REGISTRY, this.decoy);
    luaFieldSet(machine, L, -2, '__metatable');
    // Stack: stand-in, original, metatable.
    api.lua_setmetatable(L, -3);
    this.originals.set(api.lua_topointer(L, -2), api.luaL_ref(L, LUA.REGISTRY));
  }

  /** Has tables that are values of the one on top replaced by their stand-ins. */
  protectWithin(L: number): void {
    const { api } = this.machine;
    api.lua_pushnil(L);
    while (api.lua_next(L, -2) !== 0) {
      if (api.lua_type(L, -1) === LUA_TYPE.TABLE && !this.has(L, -1)) {
        this.protect(L);
        api.lua_pushvalue(L, -2);
        api.lua_insert(L, -2);
        api.lua_rawset(L, -4); // of a field that is there, which next allows
      } else {
        api.lua_settop(L, -2);
      }
    }
  }

  /** Replaces functions of the base library, in the table at `index`, by ones that know stand-ins. */
  baseReplace(L: number, index: number): void {
    const { machine } = this;
    const { api } = machine;
    const table = api.lua_gettop(L) + index + 1;
    const plainNext = this.fieldReference(L, table, 'next');
    luaFunctionSet(machine, L, table, 'next', (state) => this.next(state));
    const ownNext = this.fieldReference(L, table, 'next');
    luaFunctionSet(machine, L, table, 'pairs', (state) => {
      api.luaL_checktype(state, 1, LUA_TYPE.TABLE);
      api.lua_rawgeti(state, LUA.REGISTRY, this.has(state, 1) ? ownNext : plainNext);
      api.lua_pushvalue(state, 1);
      api.lua_pushnil(state);
      return 3;
    });
    luaFunctionSet(machine, L, table, 'rawget', (state) => {
      api.luaL_checktype(state, 1, LUA_TYPE.TABLE);
      api.luaL_checkany(state, 2);
      api.lua_settop(state, 2);
      this.reveal(state, 1);
      api.lua_rawget(state, 1);
      return 1;
    });
    luaFunctionSet(machine, L, table, 'rawset', (state) => {
      api.luaL_checktype(state, 1, LUA_TYPE.TABLE);
      api.luaL_checkany(state, 2);
      api.luaL_checkany(state, 3);
      api.lua_settop(state, 3);
      this.refuse(state);
      api.lua_rawset(state, 1);
      return 1;
    });
    luaFunctionSet(machine, L, table, 'setmetatable', this.setMetatable());
  }

  /** Replaces functions of the table library, in the table at `index`. */
  tableReplace(L: number, index: number): void {
    luaFunctionSet(this.machine, L, index, 'insert', (state) => this.insert(state));
  }

  private next(L: number): number {
    const { api } = this.machine;
    api.luaL_checktype(L, 1, LUA_TYPE.TABLE);
    api.lua_settop(L, 2);
    this.reveal(L, 1);
    if (api.lua_next(L, 1) !== 0) return 2;
    api.lua_pushnil(L);
    return 1;
  }

  private setMetatable(): LuaFunction {
    const { machine } = this;
    const { api } = machine;
    const field = luaConstant(machine, '__metatable');
    return (L) => {
      const type = api.lua_type(L, 2);
      api.luaL_checktype(L, 1, LUA_TYPE.TABLE);
      if (type !== LUA_TYPE.NIL && type !== LUA_TYPE.TABLE) {
        luaArgumentRefuse(machine, L, 2, 'nil or table expected');
      }
      this.refuse(L);
      if (api.luaL_getmetafield(L, 1, field) !== 0) {
        luaRaiseHere(machine, L, 'cannot change a protected metatable');
      }
      api.lua_settop(L, 2);
      api.lua_setmetatable(L, 1);
      return 1;
    };
  }

  private insert(L: number): number {
    const { machine } = this;
    const { api } = machine;
    api.luaL_checktype(L, 1, LUA_TYPE.TABLE);
    this.refuse(L);
    let end = api.lua_objlen(L, 1) + 1;
    const count = api.lua_gettop(L);
    if (count !== 2 && count !== 3) {
      luaRaiseHere(machine, L, "wrong number of arguments to 'insert'");
    }
    const position = count === 2 ? end : api.luaL_checkinteger(L, 2);
    if (position > end) end = position;
    for (let at = end; at > position; at--) {
      api.lua_rawgeti(L, 1, at - 1);
      api.lua_rawseti(L, 1, at);
    }
    api.lua_settop(L, count);
    api.lua_rawseti(L, 1, position);
    return 0;
  }

  /** Raises an error if the first argument is a stand-in. */
  private refuse(L: number): void {
    if (this.has(L, 1)) luaRaise(this.machine, L, READ_ONLY);
  }

  private fieldReference(L: number, table: number, name: string): number {
    const { api } = this.machine;
    api.lua_getfield(L, table, luaConstant(this.machine, name));
    return api.luaL_ref(L, LUA.REGISTRY);
  }
}
