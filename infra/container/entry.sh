# Lambda hands out events to a handler, `index.handler`; AWS Batch starts a program, `batch.mjs`, with its arguments.
case "$1" in
  *.mjs) exec node "$@" ;;
  *) exec node /ric/node_modules/aws-lambda-ric/index.mjs "$@" ;;
esac
