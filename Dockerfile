# The gateway, from dist/, on a root file system that holds Node and its libraries alone: about 150 MB, no shell.
# `docker build --target worker .` makes the sample server of docker-compose.yml.

FROM node:26 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:26 AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:26 AS root
COPY deploy/make-root.sh ./
RUN sh make-root.sh /root-of-image

FROM scratch AS runtime
COPY --from=root /root-of-image /
ENV NODE_ENV=production PATH=/usr/local/bin
WORKDIR /app
COPY package.json ./
# By number, so that an orchestrator can see that it is not root.
USER 1000:1000

FROM runtime AS worker
COPY examples/worker.ts ./
EXPOSE 5000
CMD ["node", "worker.ts"]

FROM runtime AS gateway
COPY --from=dependencies /app/node_modules ./node_modules
COPY bin ./bin
COPY scripts/require-node.cjs ./scripts/
COPY deploy/healthcheck.cjs ./deploy/
COPY --from=build /app/dist ./dist
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "deploy/healthcheck.cjs"]
ENTRYPOINT ["node", "/app/bin/headgate.cjs"]
CMD ["start"]
