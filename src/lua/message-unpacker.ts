/**
 * cmsgpack.unpack: MessagePack as values on the stack. Extension types are not known.
 *
 * Spec: https://github.com/msgpack/msgpack/blob/master/spec.md. Source: Redis deps/lua/src/lua_cmsgpack.c.
 */
import { type LuaMachine, luaPushBytes, luaRaiseHere } from './lua-machine.ts';
import { PACK_CODE } from './message-packer.ts';

/** Containers in containers: so far a thread's own stack goes for certain. */
const NESTING_MAX = 1000;
const TOO_MANY = 'too many return values at once; use unpack_one or unpack_limit instead.';
const TOO_DEEP = 'in function mp_decode_to_lua_array';
const FIX_CONTAINER_MASK = 0x0f;
const FIX_STRING_MASK = 0x1f;
/** Bytes of the number behind each code, from FLOAT to INT64. */
const NUMBER_BYTES: readonly number[] = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

export class MessageUnpacker {
  private readonly machine: LuaMachine;
  private readonly L: number;
  private readonly bytes: Buffer;
  at: number;
  private depth = 0;

  /** Reads `bytes` from `at` on. They must not move: a copy, or a range of no machine's memory. */
  constructor(machine: LuaMachine, L: number, bytes: Buffer, at: number) {
    this.machine = machine;
    this.L = L;
    this.bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /** Pushes the next value; raises an error if there is none. */
  push(): void {
    const { api } = this.machine;
    const { L } = this;
    this.slotsNeed(TOO_MANY);
    const code = this.byte();
    if (code < PACK_CODE.FIX_MAP) api.lua_pushnumber(L, code);
    else if (code >= PACK_CODE.FIX_NEGATIVE) api.lua_pushnumber(L, code - 256);
    else if (code < PACK_CODE.FIX_ARRAY) this.mapPush(code & FIX_CONTAINER_MASK);
    else if (code < PACK_CODE.FIX_STRING) this.arrayPush(code & FIX_CONTAINER_MASK);
    else if (code < PACK_CODE.NIL) this.stringPush(code & FIX_STRING_MASK);
    else if (code >= PACK_CODE.FLOAT && code <= PACK_CODE.INT64) this.numberPush(code);
    else this.otherPush(code);
  }

  private otherPush(code: number): void {
    const { api } = this.machine;
    const { L } = this;
    switch (code) {
      case PACK_CODE.NIL:
        api.lua_pushnil(L);
        return;
      case PACK_CODE.FALSE:
      case PACK_CODE.TRUE:
        api.lua_pushboolean(L, code - PACK_CODE.FALSE);
        return;
      case PACK_CODE.STRING8:
        this.stringPush(this.natural(1));
        return;
      case PACK_CODE.STRING16:
        this.stringPush(this.natural(2));
        return;
      case PACK_CODE.STRING32:
        this.stringPush(this.natural(4));
        return;
      case PACK_CODE.ARRAY16:
      case PACK_CODE.ARRAY32:
        this.arrayPush(this.natural(code === PACK_CODE.ARRAY16 ? 2 : 4));
        return;
      case PACK_CODE.MAP16:
      case PACK_CODE.MAP32:
        this.mapPush(this.natural(code === PACK_CODE.MAP16 ? 2 : 4));
        return;
      default:
        luaRaiseHere(this.machine, L, 'Bad data format in input.');
    }
  }

  private numberPush(code: number): void {
    const size = NUMBER_BYTES[code - PACK_CODE.FLOAT];
    this.need(size);
    this.machine.api.lua_pushnumber(this.L, numberAt(this.bytes, this.at, code));
    this.at += size;
  }

  private stringPush(size: number): void {
    this.need(size);
    luaPushBytes(this.machine, this.L, this.bytes, this.at, size);
    this.at += size;
  }

  private arrayPush(count: number): void {
    const { api } = this.machine;
    this.descend();
    api.lua_createtable(this.L, 0, 0);
    for (let index = 1; index <= count; index++) {
      this.push();
      api.lua_rawseti(this.L, -2, index);
    }
    this.depth--;
  }

  private mapPush(count: number): void {
    const { api } = this.machine;
    this.descend();
    api.lua_createtable(this.L, 0, 0);
    for (let index = 0; index < count; index++) {
      this.push();
      this.push();
      api.lua_settable(this.L, -3); // which says so if the key is nil or not a number
    }
    this.depth--;
  }

  private descend(): void {
    this.slotsNeed(TOO_DEEP);
    if (++this.depth > NESTING_MAX) {
      luaRaiseHere(this.machine, this.L, `stack overflow (${TOO_DEEP})`);
    }
  }

  private slotsNeed(what: string): void {
    if (this.machine.api.lua_checkstack(this.L, 2)) return;
    luaRaiseHere(this.machine, this.L, `stack overflow (${what})`);
  }

  private byte(): number {
    this.need(1);
    return this.bytes[this.at++];
  }

  private natural(size: number): number {
    this.need(size);
    const value = this.bytes.readUIntBE(this.at, size);
    this.at += size;
    return value;
  }

  private need(bytes: number): void {
    if (bytes > this.bytes.length - this.at) {
      luaRaiseHere(this.machine, this.L, 'Missing bytes in input.');
    }
  }
}

/** Of 64 bits, Redis takes those without a sign for signed ones too. */
function numberAt(bytes: Buffer, at: number, code: number): number {
  switch (code) {
    case PACK_CODE.FLOAT:
      return bytes.readFloatBE(at);
    case PACK_CODE.DOUBLE:
      return bytes.readDoubleBE(at);
    case PACK_CODE.UINT64:
    case PACK_CODE.INT64:
      return Number(bytes.readBigInt64BE(at));
    default: {
      const size = NUMBER_BYTES[code - PACK_CODE.FLOAT];
      return code < PACK_CODE.INT8 ? bytes.readUIntBE(at, size) : bytes.readIntBE(at, size);
    }
  }
}
