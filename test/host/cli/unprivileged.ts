/** Nobody, as far as this system knows. */
const NOBODY = 65534;

/** Does work as somebody whom permissions stop: as another user where this one is root. */
export async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
