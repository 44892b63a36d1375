/**
 * WebAssembly, as far as the Lua machine needs it: types of what Node has and its type package has not, and the
 * one trick by which a JavaScript function gets into a table of functions.
 *
 * A table takes only functions of WebAssembly, and `WebAssembly.Function`, which would make one of a JavaScript
 * function, is not in Node. So a module of some forty bytes is put together that imports the function with its
 * signature and exports it again:
 *
 *   00 61 73 6d 01 00 00 00          magic, version
 *   01 n  01 60 params results       one type
 *   02 07 01 01 'e' 01 'f' 00 00     import e.f, a function of type 0
 *   07 05 01 01 'f' 00 00            export f, function 0
 *
 * Spec: WebAssembly core specification, "Binary format".
 */

export interface WasmModule {
  readonly kind?: 'module';
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export type WasmFunction = (...values: number[]) => number | undefined;

export interface WasmTable {
  get(index: number): WasmFunction;
  set(index: number, value: WasmFunction): void;
  grow(count: number): number;
}

export type WasmImports = Record<string, Record<string, unknown>>;

interface WasmGlobal {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: WasmImports,
  ) => { readonly exports: unknown };
}

// Node has it; its types leave it to those of browsers.
const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmGlobal }).WebAssembly;

export const WASM_PAGE_BYTES = 65536;

export const WASM_TYPE = { I32: 0x7f, F64: 0x7c } as const;

export type Signature = { readonly params: readonly number[]; readonly results: readonly number[] };

export function wasmModule(bytes: Uint8Array): WasmModule {
  return new Module(bytes);
}

/** The exports of a new instance; the caller knows what they are. */
export function wasmInstance(module: WasmModule, imports: WasmImports): unknown {
  return new Instance(module, imports).exports;
}

/** The module that turns a JavaScript function of a signature into one of WebAssembly. */
export function wasmPassage({ params, results }: Signature): WasmModule {
  const type = [0x60, params.length, ...params, results.length, ...results];
  const head = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const types = [0x01, type.length + 1, 0x01, ...type];
  const imported = [0x02, 0x07, 0x01, 0x01, 0x65, 0x01, 0x66, 0x00, 0x00];
  const exported = [0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00];
  return new Module(Uint8Array.from([...head, ...types, ...imported, ...exported]));
}

/** `run` as a function of WebAssembly, through its signature's passage. */
export function wasmFunction(passage: WasmModule, run: unknown): WasmFunction {
  const exports = wasmInstance(passage, { e: { f: run } }) as { readonly f: WasmFunction };
  return exports.f;
}
