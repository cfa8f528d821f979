/** The variable that tells a process that it was started as a worker. */
export const workerMark = 'HEADGATE_WORKER'
