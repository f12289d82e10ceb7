type LogMethod = {
  (fields: Readonly<Record<string, unknown>>, message: string): void;
  (message: string): void;
};

/** Structured log, one JSON object a line. `op_id` is added to every line written while a call is served. */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}
