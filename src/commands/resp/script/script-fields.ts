/**
 * Tables that stand for replies which Lua has no type for: the names of their fields, which the machine keeps, so
 * that looking for one allocates nothing.
 */
import { LUA } from '../../../lua/lua-api.ts';
import { type LuaMachine, luaPushText } from '../../../lua/lua-machine.ts';

const FIELDS = [
  'ok',
  'err',
  'double',
  'big_number',
  'verbatim_string',
  'map',
  'set',
  'format',
  'string',
  'source',
  'line',
  'ignore_error_stats_update',
] as const;
type Field = (typeof FIELDS)[number];

export class ScriptFields {
  private readonly machine: LuaMachine;
  /** References of the names: what the methods below take. */
  readonly names: Readonly<Record<Field, number>>;

  constructor(machine: LuaMachine) {
    const { api, L } = machine;
    this.machine = machine;
    const names = FIELDS.map((name): [Field, number] => {
      luaPushText(machine, L, name);
      return [name, api.luaL_ref(L, LUA.REGISTRY)];
    });
    // There is one for each field.
    this.names = Object.fromEntries(names) as Record<Field, number>;
  }

  /** Pushes an empty table, and above it the field's name to set. */
  tablePush(L: number, name: number): void {
    const { api } = this.machine;
    api.lua_createtable(L, 0, 1);
    api.lua_rawgeti(L, LUA.REGISTRY, name);
  }

  namePush(L: number, name: number): void {
    this.machine.api.lua_rawgeti(L, LUA.REGISTRY, name);
  }

  /** Pushes the field of the table on top, and returns its type. */
  fieldPush(L: number, name: number): number {
    const { api } = this.machine;
    api.lua_rawgeti(L, LUA.REGISTRY, name);
    api.lua_rawget(L, -2);
    return api.lua_type(L, -1);
  }

  /** Pushes the error `{err = text}`. */
  errorPush(L: number, text: string): void {
    this.tablePush(L, this.names.err);
    luaPushText(this.machine, L, text);
    this.machine.api.lua_rawset(L, -3);
  }

  /** Marks the error on top as one that has been counted. */
  countedMark(L: number): void {
    const { api } = this.machine;
    this.namePush(L, this.names.ignore_error_stats_update);
    api.lua_pushboolean(L, 1);
    api.lua_rawset(L, -3);
  }
}
