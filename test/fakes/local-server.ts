import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";

export interface LocalServer {
  readonly url: string;
  /** Ends what is still being answered, too. */
  close(): Promise<void>;
}

/**
 * An HTTP server on the loopback interface, for as long as a test needs a service to talk to. Should `serve` fail, the
 * answer is a 500 with what went wrong.
 * @param port default: any that is free
 */
export async function startLocalServer(
  serve: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
  port = 0,
): Promise<LocalServer> {
  const server = createServer(async (request, response) => {
    try {
      await serve(request, response);
    } catch (error) {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = z.object({ port: z.int() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
