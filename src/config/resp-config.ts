/**
 * The configuration of the RESP side: the value and the text of every directive. Each thread has its
 * own, filled from the same image at its start; what CONFIG SET changes is told to all of them.
 *
 * Guard: none; it belongs to its thread.
 */
import { assert } from '../base/assert.ts';
import type { DirectiveRow } from './directive.ts';
import { DIRECTIVE_ROWS, directiveField, directiveFind, type Settings } from './directive-table.ts';
import type { Parsed } from './value-type.ts';

/** A directive's name and canonical text. */
export type SettingText = readonly [name: string, text: string];

/** A `rename-command`, in lower case; `to` is '' where the command is to be gone. */
export type CommandRename = {
  readonly from: string;
  readonly to: string;
  /** How an error about it begins. */
  readonly place: string;
};

/** A user, and the rules that make him. */
export type UserLine = {
  readonly name: string;
  readonly words: readonly string[];
  /** How an error about it begins. */
  readonly place: string;
};

/** A configuration as it crosses threads. */
export type RespConfigImage = {
  readonly path: string | null;
  readonly texts: readonly SettingText[];
  readonly renames: readonly CommandRename[];
  readonly users: readonly UserLine[];
};

/** What is read for every command, apart from the two hundred others: a small object with few shapes. */
export class HotSettings {
  busyReplyThreshold = 0;
  databases = 0;
  hashMaxListpackEntries = 0;
  hashMaxListpackValue = 0;
  hllSparseMaxBytes = 0;
  latencyMonitorThreshold = 0;
  latencyTracking = true;
  listMaxListpackSize = 0;
  maxmemoryClients = 0;
  minReplicasToWrite = 0;
  notifyKeyspaceEvents = 0;
  protoMaxBulkLen = 0;
  setMaxIntsetEntries = 0;
  setMaxListpackEntries = 0;
  setMaxListpackValue = 0;
  slowlogLogSlowerThan = 0;
  streamNodeMaxBytes = 0;
  streamNodeMaxEntries = 0;
  timeout = 0;
  zsetMaxListpackEntries = 0;
  zsetMaxListpackValue = 0;
}

// Every field of HotSettings is one of Settings, of the same type.
const HOT_FIELDS = Object.keys(new HotSettings()) as readonly (keyof HotSettings)[];
type HotOf = Pick<Settings, keyof HotSettings>;

export class RespConfig {
  /** Absolute path of the config file, which CONFIG REWRITE writes; null: there is none. */
  path: string | null = null;
  /** In their order. Whether there are such commands is not known here. */
  readonly renames: CommandRename[] = [];
  /** By name. What their rules mean is not known here. */
  readonly users = new Map<string, UserLine>();
  readonly hot = new HotSettings();
  readonly settings: Readonly<Settings>;
  private readonly fields: Record<string, unknown> = {};
  private readonly texts = new Map<string, string>();

  constructor() {
    // The rows fill every field, each with a value of the type that its row has.
    this.settings = this.fields as Settings;
    for (const row of DIRECTIVE_ROWS) {
      const fresh = row.type.fresh ?? LIMITS_BEFORE;
      const result = row.type.parse(defaultWords(row), fresh);
      assert(result.problem === null, 'every default is a value of its type');
      this.assign(row, result);
    }
  }

  /** The same on another thread. */
  static fromImage({ path, texts, renames, users }: RespConfigImage): RespConfig {
    const config = new RespConfig();
    config.path = path;
    for (const [name, text] of texts) config.change(name, text);
    config.renames.push(...renames);
    config.usersChange(users, []);
    return config;
  }

  image(): RespConfigImage {
    const { path, texts, renames, users } = this;
    return { path, texts: [...texts], renames: [...renames], users: [...users.values()] };
  }

  /** Takes over users as they are now, for whom starts later. */
  usersChange(lines: readonly UserLine[], removes: readonly string[]): void {
    for (const name of removes) this.users.delete(name);
    for (const line of lines) this.users.set(line.name, line);
  }

  /** Canonical text, as CONFIG GET shows it. */
  text(row: DirectiveRow): string {
    return this.texts.get(row.name) ?? '';
  }

  value(row: DirectiveRow): unknown {
    return this.fields[directiveField(row)];
  }

  /** Whether the directive has the value that it has unless somebody says otherwise. */
  isDefault(row: DirectiveRow): boolean {
    return this.text(row) === DEFAULT_TEXTS.get(row.name);
  }

  /** What the words would make of a directive; nothing is changed. `isFirst`: nothing to add to yet. */
  parse(row: DirectiveRow, words: readonly string[], isFirst: boolean): Parsed<unknown> {
    const { fresh } = row.type;
    return row.type.parse(words, isFirst && fresh !== undefined ? fresh : this.value(row));
  }

  /** Sets a directive to what `parse` made of it. */
  assign(row: DirectiveRow, { value, text }: { value: unknown; text: string }): void {
    const field = directiveField(row);
    this.fields[field] = value;
    this.texts.set(row.name, text);
    if (!(HOT_FIELDS as readonly string[]).includes(field)) return;
    const hot: HotOf = this.hot;
    Object.assign(hot, { [field]: value });
  }

  /** Takes over what another thread has set: a canonical text, so it is one that can be read. */
  change(name: string, text: string): void {
    const row = directiveFind(name)?.row;
    assert(row !== undefined, 'threads tell each other of directives that there are');
    const result = this.parse(row, row.type.isMany === true ? text.split(' ') : [text], true);
    assert(result.problem === null, 'what one thread has read all can read');
    this.assign(row, result);
  }
}

/** The buffer limits' default names all three classes, so nothing of this stays. */
const LIMITS_BEFORE = {};

function defaultWords(row: DirectiveRow): readonly string[] {
  return row.type.isMany === true ? row.default.split(' ') : [row.default];
}

const DEFAULT_TEXTS: ReadonlyMap<string, string> = new Map(new RespConfig().image().texts);
