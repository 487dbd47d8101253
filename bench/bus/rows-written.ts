/** Counts the rows that statements write from now on, by the storage's own counter. */
export function countRowsWritten(sql: SqlStorage): () => number {
  const exec = sql.exec.bind(sql);
  let rows = 0;
  const counting = (query: string, ...bindings: SqlStorageValue[]) => {
    const cursor = exec(query, ...bindings);
    rows += cursor.rowsWritten;
    return cursor;
  };
  Object.defineProperty(sql, "exec", { value: counting, configurable: true });
  return () => rows;
}
