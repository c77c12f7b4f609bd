/** The layer cache that was asked for, by flag or environment. */
export function layerCachePath(flag: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  return flag ?? (env.SEALIFT_LAYER_CACHE || env.OCCYSTRAP_LAYER_CACHE || undefined);
}
