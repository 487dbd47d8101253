/** What one request may bring. */
export const MAX_BATCH_REQUEST_BYTES = 8 * 1024 * 1024;
/** Twice the longest record, so that one that is too long can be set aside and its neighbours taken. */
export const MAX_EVENTS_REQUEST_BYTES = 16 * 1024 * 1024;
export const MAX_ASSIGNMENT_REQUEST_BYTES = 4 * 1024 * 1024;
export const MAX_CALLBACK_BYTES = 64 * 1024;

/** What one page of a list may hold. */
export const MAX_PAGE_SIZE = 100;
export const MAX_COMPARISONS_PAGE_SIZE = 1_000;
