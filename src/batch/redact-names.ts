/**
 * Takes the names of people out of texts that go to a judge. It knows only the names it is given: it finds them as whole
 * words, in every part ("Svensson" of "Anna Svensson"), as given or in capitals, with a genitive's ending ("Anna's",
 * "Annas", "ANNA’S"). It does not find misspellings, nicknames, initials, or a name written small, which would take every
 * "will" and "mark" with it; and it takes "Rose" for a name wherever a Rose is on the list.
 *
 * @returns how the texts of one question are shown: with `[name 1]`, `[name 2]` … in the order in which the people first
 *   appear, the same person under the same number in all of them
 */
export function nameRedactor(names: readonly string[]): (texts: readonly string[]) => readonly string[] {
  const people = peopleByWord(names);
  return people.size === 0 ? (texts) => texts : (texts) => redactNames(texts, people);
}

function redactNames(texts: readonly string[], people: ReadonlyMap<string, number>): readonly string[] {
  const numbers = new Map<number, number>();
  const placeholder = (person: number) => {
    const number = numbers.get(person) ?? numbers.size + 1;
    numbers.set(person, number);
    return `[name ${number}]`;
  };
  return texts.map((text) => collapse(text.replace(WORD, (word) => redactWord(word, people, placeholder))));
}

/** Letters and digits of any script, with apostrophes inside: "O'Brien" and "Anna's" are one word each. */
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu;
const GENITIVE = /(?:['’][sS]|[sS])$/u;
/** A particle such as "von" or "de" is an ordinary word and would be found everywhere. */
const STARTS_LIKE_A_NAME = /^[\p{Lu}\p{Lt}\p{Lo}]/u;

/** Every word that gives somebody away, with the place of that person in the list. */
function peopleByWord(names: readonly string[]): ReadonlyMap<string, number> {
  const people = new Map<string, number>();
  for (const [person, name] of names.entries()) {
    const words = Array.from(name.normalize("NFC").matchAll(WORD), ([word]) => word);
    const telling = words.filter((word) => STARTS_LIKE_A_NAME.test(word) && Array.from(word).length > 1);
    for (const word of telling) {
      for (const spelling of [word, word.toUpperCase()]) {
        if (!people.has(spelling)) people.set(spelling, person);
      }
    }
  }
  return people;
}

function redactWord(
  word: string,
  people: ReadonlyMap<string, number>,
  placeholder: (person: number) => string,
): string {
  const spelled = word.normalize("NFC");
  const whole = people.get(spelled);
  if (whole !== undefined) return placeholder(whole);
  const ending = GENITIVE.exec(spelled)?.[0];
  if (ending === undefined) return word;
  const owner = people.get(spelled.slice(0, -ending.length));
  return owner === undefined ? word : `${placeholder(owner)}${ending}`;
}

/** A first and a last name in a row are one person, not two. */
function collapse(text: string): string {
  return text.replace(/(\[name \d+\])(?:[\s-]+\1)+/gu, "$1");
}
