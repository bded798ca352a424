/**
 * Waiting with an end.
 */

/** What a promise comes to; `late` where that takes longer than so many ms, and what it comes to then nobody hears. */
export async function inTime<T, const Late>(promise: Promise<T>, ms: number, late: Late): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<Late>((resolve) => { timer = setTimeout(resolve, ms, late); });
  try {
    return await Promise.race([promise, passed]);
  } finally {
    clearTimeout(timer);
  }
}
