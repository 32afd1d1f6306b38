"""The key ring: secrets that must be read again are stored encrypted. The first key encrypts, all of them decrypt."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr


class KeyRing:
    """Fernet keys. A new one is put first and the old ones stay until nothing that they encrypted is left."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._keys = MultiFernet([Fernet(key.get_secret_value()) for key in keys])

    def seal(self, secret: str) -> str:
        """Returns `secret` encrypted, as text."""
        return self._keys.encrypt(secret.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Returns what was sealed. Raises ValueError when no key of the ring opens it."""
        try:
            return self._keys.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ValueError("No key of the ring opens this secret: the one that sealed it was taken out.") from None

    def rotate(self, sealed: str) -> str:
        """Returns what was sealed, sealed anew with the first key. Raises ValueError like `unseal`."""
        return self.seal(self.unseal(sealed))
