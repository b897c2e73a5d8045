#!/usr/bin/env node
/** The command `lc`. @module */
import { runProcess } from './program/run-process.ts'

await runProcess()
