# The hub as one image: web, workers, clock and commands are the same, started differently (docker-compose.yml).

FROM python:3.11-slim AS build
RUN python -m venv /opt/hub
COPY requirements-run.lock /build/
# Every file that is installed has a hash in the lock; nothing is built here.
RUN /opt/hub/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes \
      --requirement /build/requirements-run.lock \
 && /opt/hub/bin/pip uninstall --yes pip

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin hub \
 && install -d -o hub -g hub -m 0750 /state
COPY --from=build /opt/hub /opt/hub
WORKDIR /hub
COPY manage.py pyproject.toml ./
COPY canonical canonical
COPY connectors connectors
COPY exceptions_queue exceptions_queue
COPY governance governance
COPY hub hub
COPY mappings mappings
COPY routes routes
COPY static static
COPY templates templates
RUN /opt/hub/bin/python -m compileall -q .
ENV PATH=/opt/hub/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=hub.settings \
    STATE=/state
USER hub
VOLUME /state
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/live', timeout=4)"]
CMD ["gunicorn", "-c", "python:hub.web", "hub.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/dev/shm"]
