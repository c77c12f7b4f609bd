/** Workers may not compile: wrangler brings the module compiled. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
