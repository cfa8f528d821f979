/** What `headgate --help` prints. */
export const help = `headgate, an edge gateway

Usage
  headgate [start] [--config FILE] [--host HOST] [--port N] [--watch]
      Runs the gateway. --host and --port go before the configuration.
      --watch reads FILE again whenever it changes.
  headgate check [--config FILE]
      Checks a configuration and names every fault.
  headgate demo [--host HOST] [--port N] [--once]
      Runs a gateway with three servers and an agent of its own.
      --once checks it all by itself, and ends.
  headgate agent --port N --servers FILE [--host HOST]
      Runs a deployment agent for development, which reads FILE again when it changes.
  headgate top [--admin URL] [--once]
      Shows a gateway live in the terminal. URL is its admin port, by default http://127.0.0.1:9901.
      --once shows it once, and ends.
  headgate --help | --version

FILE of a configuration is .yaml, .yml, .json, .ts or .js. Without --config it is the one that
$HEADGATE_CONFIG names, else headgate.yaml in the working directory, else the environment alone.

The admin port, with an admin section in the configuration
  /                 the dashboard
  /api              what the gateway is doing, and what may be changed; /api/openapi.json describes it
  /metrics          for Prometheus
What changes anything needs admin.token, or $HEADGATE_ADMIN_TOKEN.

Signals
  SIGTERM, SIGINT   finish what is in flight, then end; a second one ends at once
  SIGHUP            read the configuration again

Exit codes
  0    ended as asked
  1    wrong configuration or command line
  2    cannot listen
  70   an error that nobody expected
  130  ended by a second signal
`
