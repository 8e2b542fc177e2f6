import { spawn } from 'node:child_process'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs any program with no more of the environment than is given. @param input what its stdin has; null: nothing. */
export function runProgram(
  folder: string,
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  input: string | null = null,
): Promise<Ended> {
  const stdin = input === null ? 'ignore' : 'pipe'
  const child = spawn(program, args, { cwd: folder, env: environment, stdio: [stdin, 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', data => {
    stdout += data
  })
  child.stderr?.on('data', data => {
    stderr += data
  })
  child.stdin?.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve({ code, stdout, stderr }))
  })
}
