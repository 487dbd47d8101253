/**
 * Six ways to break the service on purpose, as edits of its source that are made while it is loaded. The simulator is worth
 * something only as long as it catches each of them.
 */
export interface Mutant {
  readonly name: string;
  /** what the edit does, for the report */
  readonly breaks: string;
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "lost-outbox-row",
    breaks: "a message that could not be sent is taken for sent, and its outbox row is deleted",
    edits: [
      {
        file: "src/objects/outbox-delivery.ts",
        from: "return rows.map((row) => ({ row, error: message }));",
        to: "return rows.map((row) => ({ row, error: message.length > 1e9 ? message : null }));",
      },
    ],
  },
  {
    name: "non-idempotent-verdict",
    breaks: "a verdict that comes twice, or from two attempts, overwrites the first",
    edits: [
      {
        file: "src/batch/commands/record-verdicts.ts",
        from: 'if (comparison.winner !== null || comparison.lateAt !== null) return "duplicate";',
        to: 'if (comparison.lateAt !== null) return "duplicate";',
      },
      {
        file: "src/objects/batch-store.ts",
        from: "WHERE number = ? AND winner IS NULL AND late_at IS NULL",
        to: "WHERE number = ? AND late_at IS NULL",
      },
    ],
  },
  {
    name: "alarm-not-re-armed",
    breaks: "the alarm does its work and does not set itself again",
    edits: [
      {
        file: "src/objects/assessment-batch.ts",
        from: "if (next !== null) await this.#setAlarm(Math.max(next, Date.now() + ALARM_GAP_MS));",
        to: "void next;",
      },
    ],
  },
  {
    name: "send-before-commit",
    breaks: "questions leave for the judges' queue before the transaction that holds them is committed",
    edits: [
      {
        file: "src/objects/assessment-batch.ts",
        from: "      alongside?.();\n",
        to: `      alongside?.();
      const early = decision.outbox.flatMap(({ seq, effect }) => effect.kind === "judge"
        ? [{ seq, attempts: 0, effect: { ...effect, asks: [...effect.asks] } }] : []);
      void deliver(this.env, { batchId: batch.origin.batchId, correlationId: "", picture: () => null }, early);
`,
      },
    ],
  },
  {
    name: "upsert-without-seq",
    breaks: "any picture replaces the one in D1, even an older one",
    edits: [
      {
        file: "src/results/picture.ts",
        from: `      setWhere: sql\`excluded.seq > \${batches.seq}\`,\n`,
        to: "",
      },
    ],
  },
  {
    name: "retry-without-limit",
    breaks: "a lost or failed judgement is asked again for ever",
    edits: [
      {
        file: "src/batch/commands/record-verdicts.ts",
        from: "const mayRetry = attempt <= config.maxRetryAttempts && ",
        to: "const mayRetry = ",
      },
      {
        file: "src/batch/commands/wake.ts",
        from: "if (attempt > draft.batch.config.maxRetryAttempts) {",
        to: "if (attempt > 1_000_000) {",
      },
    ],
  },
];

/** @throws Error when the mutant does not exist */
export function findMutant(name: string): Mutant {
  const mutant = MUTANTS.find((candidate) => candidate.name === name);
  if (mutant === undefined)
    throw new Error(`no mutant ${name}; there are ${MUTANTS.map((known) => known.name).join(", ")}`);
  return mutant;
}

/**
 * Applies a mutant to one file's source.
 * @throws Error when the source does not hold what the mutant edits: production moved on, and the mutant must follow
 */
export function mutate(mutant: Mutant, path: string, source: string): string {
  return mutant.edits
    .filter(({ file }) => path.endsWith(file))
    .reduce((text, { file, from, to }) => {
      if (text.split(from).length !== 2)
        throw new Error(`mutant ${mutant.name} no longer fits ${file}: it must hold exactly once ${from}`);
      return text.replace(from, () => to);
    }, source);
}
