/**
 * The libraries of functions that a thread knows, which are those of all threads.
 *
 *   libraries  name ──▶ Library: code, number; compiled by each thread that calls one of its functions
 *   functions  name, in lower case ──▶ LibraryFunction of a library
 *
 * Loads, deletions and flushes are numbered over all threads. So it does not matter in which order a thread
 * hears of them: of two that concern one library that with the higher number holds, and so it is with two
 * libraries that were loaded at once and have a function of one name.
 */
import { LUA } from '../../../lua/lua-api.ts';
import { Conduct } from './script-cache.ts';
import type { ScriptMachine } from './script-machine.ts';
import type { Subject } from './script-run.ts';

/** What a library and a function cost besides their texts, about. */
const LIBRARY_BYTES = 200;
const FUNCTION_BYTES = 150;
/** Deletions that are remembered, for loads that were before them and are heard of later. */
const DELETED_COUNT_MAX = 1000;

/** What was registered under a name. */
export type Registered = {
  readonly name: string;
  readonly description: string | null;
  /** SCRIPT_FLAG bits. */
  readonly flags: number;
};

export class LibraryFunction implements Subject {
  readonly name: string;
  readonly description: string | null;
  readonly flags: number;
  readonly library: Library;
  readonly conduct = new Conduct();
  readonly isEval = false;
  /** Where it is in the registry of `library.machine`. */
  reference = 0;

  constructor(library: Library, { name, description, flags }: Registered) {
    this.library = library;
    this.name = name;
    this.description = description;
    this.flags = flags;
  }

  /** The library has been compiled. */
  prepare(): null {
    return null;
  }
}

export class Library {
  readonly name: string;
  /** All of it, the first line too. */
  readonly code: Buffer;
  readonly number: number;
  readonly functions: readonly LibraryFunction[];
  /** Where it is compiled; null: it is not. */
  machine: ScriptMachine | null = null;

  constructor(name: string, code: Buffer, number: number, registered: readonly Registered[]) {
    this.name = name;
    this.code = code;
    this.number = number;
    this.functions = registered.map((one) => new LibraryFunction(this, one));
  }
}

export class FunctionRegistry {
  private readonly libraries = new Map<string, Library>();
  private readonly functions = new Map<string, LibraryFunction>();
  /** Numbers of deletions, by library. */
  private readonly deleted = new Map<string, number>();
  /** The number of the last flush. */
  flushed = -1;

  get libraryCount(): number {
    return this.libraries.size;
  }

  get functionCount(): number {
    return this.functions.size;
  }

  /** Bytes that all of it takes, about. */
  get bytes(): number {
    let bytes = 0;
    for (const { name, code, functions } of this.libraries.values()) {
      bytes += LIBRARY_BYTES + name.length + code.length;
      for (const one of functions) {
        bytes += FUNCTION_BYTES + one.name.length + (one.description?.length ?? 0);
      }
    }
    return bytes;
  }

  all(): IterableIterator<Library> {
    return this.libraries.values();
  }

  library(name: string): Library | null {
    return this.libraries.get(name) ?? null;
  }

  /** Functions are found in either case. */
  function(name: string): LibraryFunction | null {
    return this.functions.get(name.toLowerCase()) ?? null;
  }

  /** Puts a library in the place of one with its name, unless something later is known of that. */
  put(library: Library): void {
    const { name, number } = library;
    const old = this.libraries.get(name);
    const latest = Math.max(this.flushed, this.deleted.get(name) ?? -1, old?.number ?? -1);
    if (number <= latest) return;
    if (old !== undefined) this.unlink(old);
    this.libraries.set(name, library);
    this.namesFind();
  }

  delete(name: string, number: number): void {
    const latest = Math.max(number, this.deleted.get(name) ?? -1);
    this.deleted.delete(name);
    this.deleted.set(name, latest);
    const [oldest] = this.deleted.keys();
    if (this.deleted.size > DELETED_COUNT_MAX) this.deleted.delete(oldest as string);
    const old = this.libraries.get(name);
    if (old !== undefined && old.number < number) this.unlink(old);
    this.namesFind();
  }

  /** Forgets what came before flush `number`. */
  flush(number: number): void {
    this.flushed = Math.max(this.flushed, number);
    for (const library of this.libraries.values()) {
      if (library.number < number) this.unlink(library);
    }
    for (const [name, at] of this.deleted) if (at < number) this.deleted.delete(name);
    this.namesFind();
  }

  /** Finds anew which function every name stands for. */
  private namesFind(): void {
    this.functions.clear();
    const inOrder = [...this.libraries.values()].toSorted((a, b) => a.number - b.number);
    for (const { functions } of inOrder) {
      for (const one of functions) this.functions.set(one.name.toLowerCase(), one);
    }
  }

  private unlink(library: Library): void {
    this.libraries.delete(library.name);
    const lua = library.machine?.lua;
    for (const { reference } of library.functions) {
      lua?.api.luaL_unref(lua.L, LUA.REGISTRY, reference);
    }
  }
}

/** What is to be added: a library's name, and what it has registered. */
type Addition = { readonly name: string; readonly loaded: readonly Registered[] };

/** The name of a function among the additions that another library has, if that stays; or null. */
export function nameTaken(
  registry: FunctionRegistry,
  additions: readonly Addition[],
  replaces: boolean,
): string | null {
  const replaced = new Set(replaces ? additions.map(({ name }) => name) : []);
  for (const { loaded } of additions) {
    for (const { name } of loaded) {
      const known = registry.function(name);
      if (known !== null && !replaced.has(known.library.name)) return known.name;
    }
  }
  return null;
}
