import { describe, expect, it } from "vitest";
import { correlationIdOf } from "../../../src/http/correlation.ts";
import { ask } from "./production.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe("the correlation id of a request", () => {
  it("is the UUID that the caller sends, in its usual form", () => {
    expect(correlationIdOf("C0FFEE00-0000-4000-8000-000000000001")).toBe(
      "c0ffee00-0000-4000-8000-000000000001",
    );
    expect(correlationIdOf("c0ffee00000040008000000000000001")).toBe("c0ffee00-0000-4000-8000-000000000001");
  });

  it("follows from any other text as in the original service: uuid5(NAMESPACE_OID, text)", () => {
    expect(correlationIdOf("abc")).toBe("7697a46f-b283-5da3-8e7c-62c11c03dd9e");
  });

  it("comes back in the header and in the problem", async () => {
    const headers = { "x-correlation-id": "c0ffee00-0000-4000-8000-000000000001" };
    const response = await ask("/nowhere", { headers });
    expect(response.headers.get("x-correlation-id")).toBe("c0ffee00-0000-4000-8000-000000000001");
    expect(await response.json()).toMatchObject({ correlation_id: "c0ffee00-0000-4000-8000-000000000001" });
  });

  it.each(["/nowhere", "/healthz/live", "/v1/batches", "/docs", "/openapi.json"])(
    "is made up when the caller sends none: %s",
    async (path) => {
      const first = await ask(path);
      const second = await ask(path, { headers: { "x-correlation-id": "  " } });
      expect(first.headers.get("x-correlation-id")).toMatch(UUID);
      expect(second.headers.get("x-correlation-id")).not.toBe(first.headers.get("x-correlation-id"));
    },
  );
});
