/** Reads a body that promises nothing about its length, as UTF-8. What is longer than the limit is cut. @throws what reading throws */
export async function readBody(
  response: Response,
  maxBytes: number,
): Promise<{ readonly body: string; readonly cut: boolean }> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    text += decoder.decode(chunk, { stream: true });
    if (bytes > maxBytes) return { body: text, cut: true };
  }
  return { body: text + decoder.decode(), cut: false };
}
