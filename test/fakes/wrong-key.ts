/** The one key that no fake model takes. */
export const WRONG_KEY = "wrong-key";
