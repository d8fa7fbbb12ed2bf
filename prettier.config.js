/** @type {import('prettier').Config} */
export default {
  printWidth: 110,
  tabWidth: 2,
  semi: false,
  singleQuote: true,
  trailingComma: 'all',
}
