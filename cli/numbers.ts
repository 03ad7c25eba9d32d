import { InvalidArgumentError } from 'commander'

/** For flags that take a number above none. */
export const positive = (text: string): number => {
  const number = Number(text)
  if (!(number > 0 && number < Infinity)) throw new InvalidArgumentError('It is no number above 0.')
  return number
}

export const wholeNumber = (text: string): number => {
  if (!Number.isSafeInteger(positive(text))) throw new InvalidArgumentError('It is no whole number.')
  return Number(text)
}
