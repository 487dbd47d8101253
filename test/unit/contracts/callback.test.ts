import { describe, expect, it } from "vitest";
import { callbackSchema } from "../../../src/contracts/api/intake.ts";
import { dataOf, EXAMPLES, withField } from "./messages.ts";

const ENVELOPE = EXAMPLES.verdict;
const { correlation_id: comparison } = dataOf(ENVELOPE);

describe("a callback", () => {
  it.each([
    ["bare", dataOf(ENVELOPE)],
    ["in an envelope with the provider's class name", ENVELOPE],
    [
      "in an envelope with the topic",
      withField(ENVELOPE, ["event_type"], "huleedu.llm_provider.comparison_result.v1"),
    ],
    [
      "in an envelope that says so in its data only",
      withField(
        withField(ENVELOPE, ["event_type"], "something.else.v1"),
        ["data", "event_name"],
        "llm_provider.comparison_result",
      ),
    ],
  ])("is read %s", (_form, body) => {
    expect(callbackSchema.parse(body)).toMatchObject({ correlation_id: comparison });
  });

  it("does not repeat a remark that stands in the wrong place", () => {
    const body = withField(
      dataOf(ENVELOPE),
      ["winner"],
      "The first essay, because its author wrote of her mother",
    );
    const messages = callbackSchema.safeParse(body).error?.issues.map(({ message }) => message);
    expect(messages?.join()).toContain('expected "Essay A" or "Essay B"');
    expect(messages?.join()).not.toContain("mother");
  });
});
