"""`python -m migrations`: brings the database of the settings to the newest schema."""

from migrations import upgrade
from storage.settings import StorageSettings

if __name__ == "__main__":
    upgrade(StorageSettings().url)
