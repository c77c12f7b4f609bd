import { REWRITE_VERSION } from "../image/rewritten-layer.ts";
import { KERNEL_VERSION } from "../kernel/kernels.ts";
import type { Filter } from "./filter.ts";

/**
 * Text that is the same where the same filters, in the same order, make the
 * same bytes of a layer: for what keeps layers that were filtered before.
 */
export function pipelineKey(filters: readonly Filter[]): string {
  const keys = filters.map(({ key }) => key);
  return JSON.stringify({ kernel: KERNEL_VERSION, rewrite: REWRITE_VERSION, filters: keys });
}
