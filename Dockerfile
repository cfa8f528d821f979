# The gateway, from dist/. `docker build --target worker .` makes the sample server of docker-compose.yml.

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force

FROM node:26-slim AS worker
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY examples/worker.ts ./
USER node
EXPOSE 5000
CMD ["node", "worker.ts"]

FROM node:26-slim AS gateway
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY bin ./bin
COPY scripts/require-node.cjs ./scripts/
COPY deploy/healthcheck.cjs ./deploy/
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "deploy/healthcheck.cjs"]
ENTRYPOINT ["node", "/app/bin/headgate.cjs"]
CMD ["start"]
