/** Memory of the functions, MB, which also is their share of processors: 1,769 MB buy one. */
export const sizeClasses = {
  small: { intake: 512, plan: 1769, decode: 1769, infer: 1769, render: 1769, store: 1769 },
  medium: { intake: 512, plan: 1769, decode: 3538, infer: 3538, render: 3538, store: 1769 },
  large: { intake: 512, plan: 1769, decode: 5307, infer: 7076, render: 5307, store: 3538 }
}
export type SizeClass = keyof typeof sizeClasses
