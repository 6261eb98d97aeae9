"""`python -m colorgan_tf` is `colorgan`, for a checkout that is not installed."""

from colorgan_tf.cli import main

if __name__ == "__main__":
    main()
