import { z } from "zod";

/** A number of tokens as providers report it. What is no such number counts as 0: a verdict is not lost over its bill. */
export const tokenCount = z.int().nonnegative().catch(0);
