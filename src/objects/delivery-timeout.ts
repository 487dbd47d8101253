/** A queue or D1 may hang; nothing else must wait for it, nor the alarm. What arrives all the same arrives twice, which is harmless. */
export const DELIVERY_TIMEOUT_MS = 10_000;

/** @throws what the work throws, or an error when it takes longer than {@link DELIVERY_TIMEOUT_MS} */
export async function withinTime(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer in ${DELIVERY_TIMEOUT_MS} ms`)),
      DELIVERY_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
