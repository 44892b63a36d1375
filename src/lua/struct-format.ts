/**
 * Formats of the library struct, a letter for each value:
 *
 *   > <         big-endian, little-endian, from here on        b B h H l L T   integers of 1, 1, 2, 2, 8, 8, 8 bytes
 *   !n          aligned to its own size, n at most             in In           … of n bytes, or of 4
 *   x           one byte of nothing                            f d             float, double
 *   cn          n bytes; c0 as many as there are, or as the number before it says
 *   s           bytes up to a zero byte                        a space means nothing
 *
 * Capital letters are without a sign. Sizes are those of C on 64-bit Linux.
 *
 * Source: http://www.inf.puc-rio.br/~roberto/struct; Redis deps/lua/src/lua_struct.c.
 */
import { type LuaMachine, luaArgumentRefuse, luaRaiseHere } from './lua-machine.ts';

/** Longest integer, of which those beyond 64 bits are filled up. */
const INTEGER_BYTES_MAX = 32;
const INTEGER_BYTES_DEFAULT = 4;
const ALIGNMENT_DEFAULT = 8;
const COUNT_MAX = 2 ** 31 - 1;
const SIZES: ReadonlyMap<string, number> = new Map(
  Object.entries({ b: 1, B: 1, h: 2, H: 2, l: 8, L: 8, T: 8, f: 4, d: 8, x: 1 }),
);
const DIGIT = /[0-9]/;

export class StructFormat {
  private readonly machine: LuaMachine;
  private readonly L: number;
  private readonly text: string;
  private at = 0;
  private alignmentMax = 1;
  isLittle = true;
  /** The letter that was read, and the bytes of its value: 0 of what has no size of its own. */
  letter = '';
  size = 0;

  constructor(machine: LuaMachine, L: number, text: string) {
    this.machine = machine;
    this.L = L;
    const end = text.indexOf('\0');
    this.text = end < 0 ? text : text.slice(0, end);
  }

  /** Reads the next letter, with its number. False: there is none. */
  next(): boolean {
    if (this.at === this.text.length) return false;
    this.letter = this.text[this.at++];
    switch (this.letter) {
      case 'c':
        this.size = this.number(1);
        break;
      case 'i':
      case 'I':
        this.size = this.number(INTEGER_BYTES_DEFAULT);
        if (this.size > INTEGER_BYTES_MAX) {
          const said = `integral size ${this.size} is larger than limit of ${INTEGER_BYTES_MAX}`;
          luaRaiseHere(this.machine, this.L, said);
        }
        break;
      default:
        this.size = SIZES.get(this.letter) ?? 0;
    }
    return true;
  }

  get isInteger(): boolean {
    return 'bBhHlLTiI'.includes(this.letter);
  }

  get isSigned(): boolean {
    return 'bhli'.includes(this.letter);
  }

  /** Bytes to skip before the value, if it comes at `position`. */
  padding(position: number): number {
    if (this.size === 0 || this.letter === 'c') return 0;
    const unit = Math.min(this.size, this.alignmentMax);
    return (unit - (position & (unit - 1))) & (unit - 1);
  }

  /** Does what a letter says that stands for no value; raises an error if it says nothing. */
  control(): void {
    switch (this.letter) {
      case ' ':
        return;
      case '>':
      case '<':
        this.isLittle = this.letter === '<';
        return;
      case '!': {
        const bytes = this.number(ALIGNMENT_DEFAULT);
        if (bytes === 0 || (bytes & (bytes - 1)) !== 0) {
          luaRaiseHere(this.machine, this.L, `alignment ${bytes} is not a power of 2`);
        }
        this.alignmentMax = bytes;
        return;
      }
      default:
        luaArgumentRefuse(this.machine, this.L, 1, `invalid format option '${this.letter}'`);
    }
  }

  /** The number that stands here, or what it is if there is none. */
  private number(missing: number): number {
    let value = -1;
    while (this.at < this.text.length && DIGIT.test(this.text[this.at])) {
      value = Math.max(value, 0) * 10 + Number(this.text[this.at++]);
      if (value > COUNT_MAX) luaRaiseHere(this.machine, this.L, 'integral size overflow');
    }
    return value < 0 ? missing : value;
  }
}
