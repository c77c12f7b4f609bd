/**
 * The part of the WebAssembly JavaScript interface we use. Node has it, but
 * @types/node does not declare it, and the libraries that do bring the DOM.
 */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class CompileError extends Error {}
  type Imports = Record<string, Record<string, (...args: never[]) => unknown>>;
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class Memory {
    private constructor();
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Global<Type extends "i32" | "f64"> {
    private constructor();
    readonly value: number;
    readonly type: Type;
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
