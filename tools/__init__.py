"""What builds, starts and checks Samleng: standard library only, for any Python from 3.9."""
