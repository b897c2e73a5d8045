import { modelAliases } from '@lc/core/hub'
import { cacheFolder } from '@lc/core/node'
import { type CommandContext, defineCommand } from '../command/command.ts'
import { cacheChecks } from '../doctor/cache-check.ts'
import { type CheckResult, held, noted } from '../doctor/check-result.ts'
import { deviceCheck, deviceNames, webgpuNote } from '../doctor/device-check.ts'
import { doctorDocument, doctorText } from '../doctor/doctor-report.ts'
import { engineCheck } from '../doctor/engine-check.ts'
import { machineCheck, nodeCheck } from '../doctor/node-check.ts'
import { isPresent } from '../model/model-files.ts'
import { choiceOption } from '../options/option.ts'

/** `lc doctor`: whether this machine is ready. */
export const doctor = defineCommand({
  name: 'doctor',
  summary: 'checks this machine: Node, ONNX Runtime, devices, cache, disk, models',
  usage: '',
  options: { device: choiceOption('check this device alone', deviceNames) },
  examples: [
    { line: 'lc doctor', explains: 'one line a check; exit code 3 if one does not hold' },
    { line: 'lc doctor --device webgpu', explains: 'whether a graph runs on the GPU' },
  ],
  async run(context, { options }) {
    const checks = options.device ? [await deviceCheck(options.device)] : await allChecks()
    const document = doctorDocument(checks)
    context.output.result(document, doctorText(checks))
    return document.ok ? 0 : 3

    async function allChecks(): Promise<CheckResult[]> {
      const { env, signal, program } = context
      return [
        nodeCheck(process.version),
        machineCheck(),
        await engineCheck(),
        await deviceCheck('cpu'),
        await webgpuNote(program, signal),
        ...(await cacheChecks(cacheFolder(env))),
        ...(await modelNotes(context)),
      ]
    }
  },
})

/** Which models are here; one that is not is fetched when it is first used. */
async function modelNotes(context: CommandContext): Promise<CheckResult[]> {
  const notes: CheckResult[] = []
  for (const { name } of modelAliases) {
    const here = await isPresent(name, context)
    notes.push(here ? held(`model ${name}`, 'here') : noted(`model ${name}`, `not here yet (lc models pull ${name})`))
  }
  return notes
}
