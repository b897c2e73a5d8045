/** Argument checks that throw `InvalidArgumentError`, shared by the packages of lc. @module */
export { checkArgument, checkInteger, checkNumber, checkOneOf, checkString } from './check/check-argument.ts'
