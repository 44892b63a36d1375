/** A table of commands, and how one is found by its name. The rows come together in table.ts. */
import { type Arguments, argumentBytes } from '../../protocol/resp/arguments.ts';
import { Command } from './command.ts';
import type { RespRow } from './row.ts';

const NAME_BYTES_MAX = 32;
const SLOTS = 1024;

export class CommandTable {
  /** Every command, in the order of the rows; subcommands hang on theirs. */
  readonly commands: readonly Command[];
  /** Every command and subcommand, by number. */
  readonly byNumber: readonly Command[];
  /** Commands by what they are called: their names, unless they were renamed. */
  private readonly called = new Map<string, Command>();
  /** Open addressing by a hash of the name in lower case: no string is made to look a command up. */
  private readonly slots: (Command | null)[] = new Array(SLOTS).fill(null);
  private readonly names: (Buffer | null)[] = new Array(SLOTS).fill(null);

  constructor(rows: readonly RespRow[]) {
    let numbered = 0;
    const numberNext = (): number => numbered++;
    this.commands = rows.map((row) => new Command(row, null, numberNext));
    this.byNumber = this.commands
      .flatMap((command) => [command, ...command.subcommands])
      .sort((a, b) => a.number - b.number);
    for (const command of this.commands) this.called.set(command.row.name, command);
    this.slotsFill();
  }

  /**
   * Has a command go by another name, or by none: ''. Both in lower case. Its own name is what COMMAND, INFO and
   * the like go on showing. Returns what is wrong, or null.
   */
  rename(from: string, to: string): string | null {
    const command = this.called.get(from);
    if (command === undefined) return 'No such command in rename-command';
    if (to.length > NAME_BYTES_MAX)
      return `A command's name has at most ${NAME_BYTES_MAX} characters`;
    this.called.delete(from);
    if (this.called.has(to)) return 'Target command name already exists';
    if (to !== '') this.called.set(to, command);
    this.slotsFill();
    return null;
  }

  private slotsFill(): void {
    this.slots.fill(null);
    this.names.fill(null);
    for (const [name, command] of this.called) this.add(Buffer.from(name, 'latin1'), command);
  }

  private add(name: Buffer, command: Command): void {
    let slot = nameHash(name, 0, name.length);
    while (this.slots[slot] !== null) slot = (slot + 1) % SLOTS;
    this.slots[slot] = command;
    this.names[slot] = name;
  }

  /** The command that the first argument names, or null. */
  find(args: Arguments): Command | null {
    const { source } = args;
    const start = args.start[0];
    const end = args.end[0];
    if (end - start > NAME_BYTES_MAX) return null;
    let slot = nameHash(source, start, end);
    for (;;) {
      const name = this.names[slot];
      if (name === null) return null;
      if (nameEquals(name, source, start, end)) return this.slots[slot];
      slot = (slot + 1) % SLOTS;
    }
  }

  /** A command or subcommand by its full name, `config|get`, in any case; or null. */
  named(fullName: string): Command | null {
    const name = fullName.toLowerCase();
    return this.byNumber.find((command) => command.fullName === name) ?? null;
  }
}

function nameHash(source: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (source[at] | 0x20)) | 0;
  return (hash ^ (hash >>> 12)) & (SLOTS - 1);
}

function nameEquals(name: Buffer, source: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let at = 0; at < name.length; at++) {
    const byte = source[start + at];
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== name[at]) return false;
  }
  return true;
}

/** The subcommand that the second argument names, or null. */
export function subcommandFind(command: Command, args: Arguments): Command | null {
  if (args.count < 2 || argumentBytes(args, 1) > NAME_BYTES_MAX) return null;
  const name = args.source.toString('latin1', args.start[1], args.end[1]).toLowerCase();
  return command.subcommands.find(({ row }) => row.name === name) ?? null;
}
