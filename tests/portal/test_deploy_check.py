"""Django finds nothing to say against the settings of production, with an environment as an operator writes it."""

import subprocess
import sys
from pathlib import Path

import pytest

from runtime import env

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_deployment_check_finds_no_issue(tmp_path) -> None:
    environment = env.inherited(
        {
            "DJANGO_SETTINGS_MODULE": "portal.settings.production",
            "PORTAL_HOME": str(tmp_path),
            "PORTAL_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!?",
            "PORTAL_SIGNING_KEY_FILE": str(tmp_path / "signing-key.pem"),
            "ALLOWED_HOSTS": "portal.nistru.example",
            "CSRF_TRUSTED_ORIGINS": "https://portal.nistru.example",
            "DATABASE_URL": env.text("DATABASE_URL"),
            "REDIS_URL": env.text("REDIS_URL"),
            "PORTAL_URL": "https://portal.nistru.example",
            "EMAIL_HOST": "mail.nistru.example",
            "DEFAULT_FROM_EMAIL": "DICOM Network <no-reply@nistru.example>",
        }
    )
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "System check identified no issues (0 silenced)." in done.stdout
